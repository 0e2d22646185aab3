"""Tempo Timesheets on Jira Cloud: logged time and teams."""
