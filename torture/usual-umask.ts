/** What a test makes has the usual modes, whatever whoever runs it lets others have of theirs. */
process.umask(0o022);
