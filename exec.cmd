@rem Windows has no exec. The scripts of package.json begin with it, so that elsewhere a signal reaches them and not a shell.
@%*
