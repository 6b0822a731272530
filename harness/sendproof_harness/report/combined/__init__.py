"""The reports of all scenarios of a results folder together: for CI servers, and for the summary of a job."""
