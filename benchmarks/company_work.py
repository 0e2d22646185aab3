"""What the made-up company of `company` ships, tracks and is billed, made by SQL like the rest.

Per person and working week: ten commits, two merged pull requests with as many reviews, two
issues, five worklogs. Values of `assisted` follow a coin, so nothing can be learnt from them.
"""

from __future__ import annotations

_WHO = "'person' || x(i, 2, $people) || '@example.com' as person"
_DAY = "date '{last}' - x(i, 41, {days})::int as day"
_MARKS = (
    "if(x(i, 42, 3) = 0, 'claude-code', '') as assistant,"
    " if(x(i, 42, 3) = 0, 'yes', 'no') as assisted, 'github.com/acme/repo' || x(i, 5, 200) as repo"
)
_KIND = (
    "'P' || x(i, 43, 20) as project, ['Story', 'Task', 'Bug'][1 + x(i, 44, 3)] as issue_type,"
    " ['Low', 'Medium', 'High'][1 + x(i, 45, 3)] as priority"
)
_HOURS = "(1 + x(i, {salt}, 4000))::double / 50"

# Rows a person over all days; what each row holds beside its day and person.
TABLES = {
    "work_commits": (
        250,
        f"{_MARKS}, '' as evidence, printf('%040x', hash(i)) as sha,"
        " 1 + x(i, 46, 300) as additions, x(i, 47, 90) as deletions, 1 + x(i, 48, 9) as files,"
        " additions as rework_added, additions // 9 as rework_rewritten",
    ),
    "work_pull_requests": (
        50,
        f"{_MARKS}, '' as evidence, 'pr' || i as pull_request, 10 + x(i, 46, 900) as additions,"
        " x(i, 47, 300) as deletions, additions + deletions as lines, 1 + x(i, 48, 20) as files,"
        f" {_HOURS.format(salt=49)} as cycle_hours, {_HOURS.format(salt=50)} as first_review_hours,"
        f" {_HOURS.format(salt=51)} as review_hours, 1 + x(i, 52, 3) as review_rounds,"
        " x(i, 52, 3) as change_requests, x(i, 53, 4) as human_commits,"
        " change_requests + human_commits as interventions",
    ),
    "work_reviews": (
        60,
        f"{_MARKS}, ['approved', 'commented', 'changes_requested'][1 + x(i, 54, 3)] as state,"
        " 'pr' || i as pull_request",
    ),
    "work_reverts": (1, f"{_MARKS}, 'pr' || i as reverted"),
    "work_deployments": (
        10,
        "'github.com/acme/repo' || x(i, 5, 200) as repo, 'production' as environment,"
        " 'd' || i as deployment, printf('%040x', hash(i)) as sha, x(i, 55, 12) > 0 as succeeded,"
        " not succeeded as failed, if(failed, 'status', '') as failed_by,"
        f" if(failed, {_HOURS.format(salt=56)}, null) as recovery_hours, false as unplanned",
    ),
    "work_lead_times": (
        200,
        f"{_MARKS}, printf('%040x', hash(i)) as sha, {_HOURS.format(salt=57)} as hours",
    ),
    "work_issues": (
        100,
        f"{_KIND}, if(x(i, 42, 3) = 0, 'claude-code', '') as assistant,"
        " if(x(i, 42, 3) = 0, 'yes', 'no') as assisted, 'i' || i // 2 as issue,"
        " ['created', 'resolved'][1 + i % 2] as event, if(i % 2 = 1, 'Done', '') as resolution,"
        " if(i % 2 = 1, '24-48h', '') as resolution_bucket,"
        " if(i % 2 = 1, '1-3d', '') as resolution_class,"
        " if(i % 2 = 1, 1 + x(i, 58, 8), null)::double as story_points,"
        f" if(i % 2 = 1, {_HOURS.format(salt=59)}, null) as resolution_hours",
    ),
    "work_worklogs": (
        120,
        f"{_KIND}, 'i' || i as issue, 900 * (1 + x(i, 60, 20)) as seconds,"
        " seconds as billable_seconds",
    ),
    "work_incidents": (
        0.2,
        "'github.com/acme/repo' || x(i, 5, 200) as repo, 'service' || x(i, 5, 20) as service,"
        " 'SEV' || 1 + x(i, 61, 4) as severity, 'incident' || i as incident,"
        f" 0.1 as acknowledge_hours, {_HOURS.format(salt=62)} as resolve_hours",
    ),
    "work_surveys": (
        8,
        "'Survey ' || 1 + x(i, 63, 2) as survey, ['focus', 'tools_help'][1 + i % 2] as question,"
        " 1 + x(i, 64, 5)::double as score, 5.0 as scale_max",
    ),
    "bills": (
        1,
        "'claude-code' as assistant, 'anthropic' as provider, 'bill' as bill_source,"
        " 'tokens' as cost_type, '' as model, '' as token_type, '' as workspace,"
        " 'USD' as currency, true as final, 500 * x(i, 65, 1000000000) as amount_nanos,"
        " amount_nanos as usd_nanos",
    ),
}


def statements(last: object, days: int, people: int) -> dict[str, str]:
    """A SELECT for each table of work; they read `$people` and the macro x."""
    day = _DAY.format(last=last, days=days)
    return {
        table: f"select {day}, {_WHO}, {said} from range({int(each * people)}) t(i)"
        for table, (each, said) in TABLES.items()
    }
