"""Exchange tasks and answers with people's tools: CSV and JSON lines, Label Studio; export and import a project."""
