"""Microsoft Entra ID, read through Microsoft Graph: people, their managers, their groups."""
