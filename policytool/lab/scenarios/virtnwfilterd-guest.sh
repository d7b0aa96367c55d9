# SPDX-License-Identifier: GPL-2.0-or-later
# A guest with a filter: its rules come with the guest, change with the filter, and go.
. /mnt/steps
URI=qemu:///system
rules() { ebtables -t nat -L | grep -q vnet; }
no_rules() { ! rules; }
step virtnwfilterd define virsh nwfilter-define /mnt/filter-lab.xml
step virtnetworkd network virsh net-create /mnt/net-nat.xml
step virtqemud create virsh create /mnt/guest-filter.xml
step virtnwfilterd rules-of-the-bridge rules
step virtnwfilterd rules-of-the-host sh -c 'iptables -S | grep -q vnet'
step virtnwfilterd bindings virsh nwfilter-binding-list
step virtnwfilterd binding-xml sh -c 'virsh -q -c nwfilter:///system nwfilter-binding-dumpxml "$(ls /sys/class/net | grep vnet | head -n 1)"'
step virtnwfilterd change-filter virsh nwfilter-define /mnt/filter-lab-more.xml
refuse virtnwfilterd filter-in-use 'in use' virsh nwfilter-undefine lab-filter
step virtnwfilterd restart-with-guest systemctl restart virtnwfilterd.service
step virtnwfilterd bindings-after virsh nwfilter-binding-list
step virtqemud destroy virsh destroy lab-filtered
step virtnwfilterd no-rules poll 10 no_rules
step virtnwfilterd undefine virsh nwfilter-undefine lab-filter
step virtnetworkd no-network virsh net-destroy lab-nat
