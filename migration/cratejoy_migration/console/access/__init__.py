"""Who may use the console: sign-in, sessions, and who did what."""
