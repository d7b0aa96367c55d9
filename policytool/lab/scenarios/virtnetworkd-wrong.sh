# SPDX-License-Identifier: GPL-2.0-or-later
# What virtnetworkd has to refuse.
. /mnt/steps
URI=network:///system
refuse virtnetworkd bad-xml 'XML\|parse' virsh net-define /mnt/bad.xml
refuse virtnetworkd unknown-network 'not found\|no network' virsh net-start lab-none
step virtnetworkd define-once virsh net-define /mnt/net-nat.xml
refuse virtnetworkd bridge-in-use 'already\|in use' virsh net-define /mnt/net-same-bridge.xml
step virtnetworkd start-once virsh net-start lab-nat
refuse virtnetworkd start-twice 'already active' virsh net-start lab-nat
step virtnetworkd destroy-once virsh net-destroy lab-nat
step virtnetworkd undefine-once virsh net-undefine lab-nat
