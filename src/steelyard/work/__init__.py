"""What shipped: builds the facts of commits, pull requests, issues and deployments."""
