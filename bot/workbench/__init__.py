"""The workbench: what coordinators see, rendered and ready for JSON. Read for somebody, always within their scope."""
