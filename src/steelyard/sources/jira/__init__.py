"""Jira Cloud and Jira Data Center: issues, status changes, people's accounts, logged time."""
