# SPDX-License-Identifier: GPL-2.0-or-later
# A container with a network, a folder of the host's and a file system in memory.
. /mnt/steps
URI=lxc:///system
inside() { nsenter --target "$(pgrep --parent "$(virsh domid lab-container-net)")" --all -- /bin/sh -c "$1"; }
share() { mkdir -p /var/lib/libvirt/lab-share && echo shared >/var/lib/libvirt/lab-share/file; }
step virtlxcd make-share share
step virtnetworkd network virsh -c network:///system net-create /mnt/net-nat.xml
step virtlxcd create virsh create /mnt/container-net.xml
step virtlxcd interfaces virsh domiflist lab-container-net
step virtlxcd interface-statistics sh -c 'virsh -q -c lxc:///system domifstat lab-container-net "$(virsh -q -c lxc:///system domiflist lab-container-net | awk "{print \$1; exit}")"'
step virtlxcd address inside '/usr/bin/ip address show | grep -q 192.168.210.50'
step virtlxcd folder inside 'grep -q shared /srv/file && echo more >>/srv/file'
step virtlxcd memory-folder inside 'df /media && echo x >/media/file'
step virtlxcd attach-interface virsh attach-interface lab-container-net network lab-nat --mac 52:54:00:ab:00:21 --live
step virtlxcd detach-interface virsh detach-interface lab-container-net network --mac 52:54:00:ab:00:21 --live
step virtlxcd destroy virsh destroy lab-container-net
step virtnetworkd no-network virsh -c network:///system net-destroy lab-nat
step virtlxcd clean-up rm -rf /var/lib/libvirt/lab-share
