# SPDX-License-Identifier: GPL-2.0-or-later
# A network by its names; edited; ports of it made and deleted by hand.
. /mnt/steps
URI=network:///system
PORT=3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f5001
name() { [ "$(virsh net-name "$(virsh net-uuid lab-nat)")" = lab-nat ]; }
step virtnetworkd define virsh net-define /mnt/net-nat.xml
step virtnetworkd name-of-the-uuid name
step virtnetworkd edit edit 's/192.168.210.20/192.168.210.30/' net-edit lab-nat
step virtnetworkd is-edited sh -c 'virsh -q -c network:///system net-dumpxml lab-nat --inactive | grep -q 192.168.210.30'
step virtnetworkd start virsh net-start lab-nat
step virtnetworkd edit-while-up edit 's/192.168.210.30/192.168.210.25/' net-edit lab-nat
step virtnetworkd create-port virsh net-port-create lab-nat /mnt/port-lab.xml
step virtnetworkd list-ports virsh net-port-list lab-nat
step virtnetworkd port-xml virsh net-port-dumpxml lab-nat $PORT
refuse virtnetworkd create-port-twice 'already exists' virsh net-port-create lab-nat /mnt/port-lab.xml
step virtnetworkd restart-with-port systemctl restart virtnetworkd.service
step virtnetworkd delete-port virsh net-port-delete lab-nat $PORT
# virsh says so and ends with 0.
step virtnetworkd delete-port-twice sh -c 'virsh -q -c network:///system net-port-delete lab-nat 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f5001 2>&1 | grep -q "failed to get network port"'
step virtnetworkd destroy virsh net-destroy lab-nat
step virtnetworkd undefine virsh net-undefine lab-nat
step virtnetworkd clean-up rm -f /usr/local/bin/policytool-client
