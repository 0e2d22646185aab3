"""GitLab, on gitlab.com or self-managed: merge requests, commits, what runs, issues, members."""
