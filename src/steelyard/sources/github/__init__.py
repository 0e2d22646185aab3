"""GitHub: pull requests, commits, issues, deployments, Actions runs, accounts and teams."""
