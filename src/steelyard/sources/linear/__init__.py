"""Linear: issues with the history of their states, people and teams."""
