"""The control step: readings -> targets -> intents -> arbitration -> safety -> effects. Pure."""
