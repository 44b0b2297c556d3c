#!/bin/sh
# Makes the host's root in this mount namespace, which is the host's own, and starts the host in it. Arguments: the folder of the
# host, the checkout, its Node, a folder for Node's compiled code.
set -eu
folder=$1 project=$2 node=$3 cache=$4
root=$folder/root
hostname "$(cat "$folder/hostname")"

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,size=64k devices "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"

# What is in memory on a host is lost with a reboot: /etc comes from the image and what auto-backup.sh saved.
mount -t tmpfs -o mode=755,size="$(cat "$folder/etc-size")" etc "$root/etc"
cp -a "$folder/etc-image/." "$root/etc"
mkdir -p "$folder/etc-saved"
cp -a "$folder/etc-saved/." "$root/etc"
mount -t tmpfs -o mode=1777,size=256m tmp "$root/tmp"
mount -t tmpfs -o mode=755,size=48m var "$root/var"
mkdir -p "$root/var/log" "$root/var/run"

# The programs that the stand-in itself needs, where PATH does not lead.
bind() {
  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$(dirname "$root$2")"; touch "$root$2"; fi
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
}
bind /usr/lib /lib
if [ -d /usr/lib64 ]; then bind /usr/lib64 /lib64; fi
bind /usr/sbin/sshd /usr/lib/vmware/openssh/bin/sshd
bind /usr/lib/openssh/sftp-server /usr/lib/vmware/openssh/bin/sftp-server
bind /usr/bin/scp /bin/scp
bind "$node" /.stand-in/node
bind "$project" /.stand-in/project
mkdir -p "$root/.stand-in/state" "$root/.stand-in/saved" "$root/.stand-in/cache"
mount --bind "$folder/state" "$root/.stand-in/state"
mount --bind "$folder/etc-saved" "$root/.stand-in/saved"
mount --bind "$cache" "$root/.stand-in/cache"

cd "$root"
exec env -i PATH=/bin:/sbin HOME=/ chroot "$root" /bin/sh /.stand-in/init
