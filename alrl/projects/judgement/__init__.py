"""Judge how a project stands: learning curve, verdict, bill and stop rules."""
