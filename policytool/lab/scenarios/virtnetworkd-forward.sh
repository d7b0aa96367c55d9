# SPDX-License-Identifier: GPL-2.0-or-later
# The other ways to forward: routed (with IPv6 and limits of bandwidth), open, an existing bridge, macvtap.
. /mnt/steps
URI=network:///system
step virtnetworkd create-routed virsh net-create /mnt/net-routed.xml
step virtnetworkd limits sh -c 'tc class show dev labbr2 | grep -q htb'
step virtnetworkd route sh -c 'ip route | grep -q 192.168.230.0'
step virtnetworkd create-open virsh net-create /mnt/net-open.xml
step virtnetworkd make-bridge ip link add labbr9 type bridge
step virtnetworkd create-bridged virsh net-create /mnt/net-bridge.xml
step virtnetworkd make-link sh -c 'modprobe dummy numdummies=0 && ip link add labdummy4 type dummy && ip link set labdummy4 up'
step virtnetworkd create-macvtap virsh net-create /mnt/net-macvtap.xml
step virtnetworkd list virsh net-list
step virtqemud guest-bridged virsh -c qemu:///system create /mnt/guest-two-nets.xml
step virtnetworkd ports virsh net-port-list lab-bridged
step virtnetworkd port-xml sh -c 'virsh -q -c network:///system net-port-dumpxml lab-bridged "$(virsh -q -c network:///system net-port-list lab-bridged | tr -d " ")"'
step virtnetworkd restart-with-ports systemctl restart virtnetworkd.service
step virtnetworkd ports-after virsh net-port-list lab-bridged
step virtqemud destroy-guest virsh -c qemu:///system destroy lab-two-nets
for name in macvtap bridged open routed; do step virtnetworkd "destroy-$name" virsh net-destroy lab-$name; done
step virtnetworkd clean-up sh -c 'ip link delete labdummy4 && ip link delete labbr9'
