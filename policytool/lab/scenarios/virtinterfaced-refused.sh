# SPDX-License-Identifier: GPL-2.0-or-later
# Changes of the host's interfaces: udev, which is behind virtinterfaced here, makes none of them.
. /mnt/steps
URI=interface:///system
make() { ip link add labbridge2 type bridge && modprobe dummy numdummies=0 && ip link add labdummy5 type dummy && ip link set labdummy5 master labbridge2 && udevadm settle; }
step virtinterfaced make-bridge make
refuse virtinterfaced start 'not supported' virsh iface-start labbridge2
refuse virtinterfaced undefine 'not supported' virsh iface-undefine labbridge2
refuse virtinterfaced commit 'not supported' virsh iface-commit
refuse virtinterfaced rollback 'not supported' virsh iface-rollback
refuse virtinterfaced bridge 'not supported\|failed' virsh iface-bridge labdummy5 labbridge3
refuse virtinterfaced unbridge 'not supported\|failed' virsh iface-unbridge labbridge2
refuse virtinterfaced edit 'failed\|not supported' edit 's/<interface /<interface  /' iface-edit labdummy5
step virtinterfaced drop-links sh -c 'ip link delete labdummy5 && ip link delete labbridge2 && rm -f /usr/local/bin/policytool-client'
