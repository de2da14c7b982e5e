"""The cleo commands: options to a request, a service, a report and an exit code."""
