"""Made-up names: of people, teams, places and things. Any likeness is chance."""

from __future__ import annotations

DOMAIN = "halden.example"
COMPANY = "Halden Instruments"
ORGANISATION = "5f0d1c7e-2b1a-4c0e-9a51-0de300c0ffee"
HOST = "git.halden.example"

_FIRST = (
    "Ada Alma Amir Ana Anton Arjun Aylin Bea Bela Carl Chiara Dana Daria David Deepa Elif Emil Eva "
    "Farid Felix Filip Greta Hana Hugo Ida Igor Ines Ivan Jana Jonas Julia Kamil Kavya Klara Lars "
    "Lea Leon Lina Luca Magda Marek Maya Mila Milan Mira Nadia Nils Nina Noah Olga Oskar Paula "
    "Piotr Priya Ravi Rosa Samir Sara Selma Sofia Sven Tara Theo Tilda Tomas Uma Vera Viktor Wanda "
    "Yara Yusuf Zoe"
)
_LAST = (
    "Adler Almeida Bach Baran Bauer Berg Brandt Chandra Costa Czerny Dahl Dietz Duarte Ekman Engel "
    "Falk Ferrer Fischer Gallo Ganz Graf Haas Hahn Holm Ivanov Jansen Joshi Kaiser Kaminski Keller "
    "Khan Kowal Kraus Lange Larsen Lehmann Lind Lorenz Maier Marino Mehta Moreau Nagy Neumann "
    "Novak Olsen Ortiz Patel Pavlov Peters Rao Reuter Ricci Rossi Roth Sander Sato Schulz Singh "
    "Sommer Stein Strand Tanaka Thoma Urban Vidal Vogel Wagner Weber Winter Wolf Zeller"
)
DEPARTMENTS = ("Product", "Platform", "Data", "Devices", "Commerce", "Mobile", "Cloud", "Quality")
_TEAMS = (
    "Atlas Birch Cobalt Delta Ember Falcon Garnet Harbour Indigo Juniper Kestrel Lagoon Meridian "
    "Nimbus Onyx Pioneer Quartz Raven Summit Tundra Umbra Violet Willow Xenon Yarrow Zephyr"
)
FIRST, LAST, TEAMS = (tuple(names.split()) for names in (_FIRST, _LAST, _TEAMS))
SMALL_TEAM = "Tools"
LONE_TEAM = "Strategy Office"
OFFICES = (  # office, city, country, share
    ("Berlin", "Berlin", "DE", 0.45),
    ("Warsaw", "Warsaw", "PL", 0.25),
    ("Pune", "Pune", "IN", 0.18),
    ("Austin", "Austin", "US", 0.12),
)
ROLES = (  # role, share, how many pull requests and issues relative to an engineer
    ("Software Engineer", 0.72, 1.0),
    ("QA Engineer", 0.12, 0.45),
    ("Data Engineer", 0.08, 0.8),
    ("Designer", 0.08, 0.05),
)
LEVELS = ("L2", "L3", "L3", "L4", "L4", "L5", "L6")
MACHINES = (  # os, version, architecture, terminals
    ("darwin", "25.1.0", "arm64", ("iTerm.app", "vscode", "ghostty", "cursor")),
    ("linux", "6.14.0", "amd64", ("xterm-256color", "vscode", "tmux")),
    ("windows", "10.0.26200", "amd64", ("windows-terminal", "vscode")),
)
LANGUAGES = ("Python", "TypeScript", "Go", "Java", "Rust", "SQL", "Markdown", "YAML")
SKILLS = ("review-checklist", "release-notes", "third-party", "pdf")
PLUGINS = ("code-review", "third-party")
MCP_SERVERS = ("custom", "github", "sentry")
AGENTS = ("Explore", "general-purpose", "custom")
EFFORTS = ("medium", "high", "low", "xhigh")
PRIORITIES = (("Highest", 0.06), ("High", 0.22), ("Medium", 0.5), ("Low", 0.22))
ISSUE_TYPES = (("Story", 0.45), ("Task", 0.28), ("Bug", 0.24), ("Spike", 0.03))
POINTS = (1, 2, 3, 5, 8)
QUESTIONS = ("focus", "tools_help", "code_confidence")
