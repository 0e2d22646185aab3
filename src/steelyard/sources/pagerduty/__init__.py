"""PagerDuty: incidents with the times that count, and the people who answer them."""
