"""What is asked of Linear's GraphQL. Titles, descriptions and comments are not in it.

Linear counts points: 0.1 a property, 1 an object, times what a connection may bring. Hence ids
instead of objects where something else tells their names, and small pages.
"""

ISSUES = """
query Issues($first: Int!, $history: Int!, $after: String, $filter: IssueFilter) {
  issues(first: $first, after: $after, filter: $filter, orderBy: updatedAt, includeArchived: true) {
    nodes {
      id identifier estimate priorityLabel trashed
      createdAt startedAt completedAt canceledAt updatedAt
      state { name type }
      team { key name }
      parent { id }
      creator { id }
      assignee { id }
      labels(first: 10) { nodes { name } }
      history(first: $history) {
        nodes { id createdAt actorId fromStateId toStateId }
        pageInfo { hasNextPage endCursor }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

HISTORY = """
query History($id: String!, $first: Int!, $after: String) {
  issue(id: $id) {
    history(first: $first, after: $after) {
      nodes { id createdAt actorId fromStateId toStateId }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

STATES = """
query States($first: Int!, $after: String) {
  workflowStates(first: $first, after: $after, includeArchived: true) {
    nodes { id name }
    pageInfo { hasNextPage endCursor }
  }
}
"""

USERS = """
query Users($first: Int!, $after: String) {
  users(first: $first, after: $after, includeArchived: true, includeDisabled: true) {
    nodes { id name email app }
    pageInfo { hasNextPage endCursor }
  }
}
"""

MEMBERSHIPS = """
query Memberships($first: Int!, $after: String) {
  teamMemberships(first: $first, after: $after) {
    nodes { id owner team { name } user { id } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

VIEWER = "query Viewer { viewer { id } }"

ALL = (ISSUES, HISTORY, STATES, USERS, MEMBERSHIPS, VIEWER)
