# The first process of the host, run by its own shell: what the host does at each boot, then its SSH server.
find /etc -type f | sort | xargs stat -c '%i %n' >/.stand-in/marked
rm -f /.stand-in/requests /.stand-in/calls/*
mkfifo /.stand-in/requests
echo "boot: $(/.stand-in/run boot)" >&2
/.stand-in/run serve >&2 &
# The VMkernel and not this shell understands the rest of the first line, so the file is not run by its name.
if [ ! -e /.stand-in/secure-boot ]; then
  sh /etc/rc.local.d/local.sh >/var/log/local.sh.log 2>&1
fi
exec /usr/lib/vmware/openssh/bin/sshd -D -e -f /.stand-in/sshd_config
