# SPDX-License-Identifier: GPL-2.0-or-later
# A container by its names, as a configuration of lxc-tools, edited; asked to stop and killed by a signal; a disk plugged in.
. /mnt/steps
URI=lxc:///system
file=/var/lib/libvirt/lab-lxc.loop
attach() { losetup /dev/loop5 $file; }
name() { [ "$(virsh domname "$(virsh domuuid lab-container)")" = lab-container ]; }
off() { [ "$(virsh domstate lab-container)" = 'shut off' ]; }
step virtlxcd uri virsh uri
step virtlxcd host-name virsh hostname
step virtlxcd host virsh nodeinfo
step virtlxcd processor-times virsh nodecpustats
step virtlxcd memory-of-the-host virsh nodememstats
step virtlxcd free-memory virsh freecell --all
step virtlxcd processors virsh nodecpumap
step virtlxcd shared-memory virsh node-memory-tune
step virtlxcd from-lxc-tools virsh domxml-from-native lxc-tools /mnt/lxc-tools.conf
step virtlxcd define virsh define /mnt/container.xml
step virtlxcd name-of-the-uuid name
step virtlxcd edit edit 's/<on_crash>[a-z]*/<on_crash>restart/' edit lab-container
step virtlxcd is-edited sh -c 'virsh -q -c lxc:///system dumpxml lab-container | grep -q "<on_crash>restart"'
step virtlxcd most-memory virsh setmaxmem lab-container 81920 --config
step virtlxcd set-note virsh metadata lab-container urn:lab:note --key lab --set '<note>synthetic</note>' --config
step virtlxcd note virsh metadata lab-container urn:lab:note --config
step virtlxcd start virsh start lab-container
step virtlxcd memory-limits virsh memtune lab-container
step virtlxcd processor-limits virsh schedinfo lab-container
step virtlxcd why virsh domstate lab-container --reason
step virtlxcd make-file backing $file 4M
step virtlxcd attach-loop attach
step virtlxcd attach-disk virsh attach-disk lab-container /dev/loop5 sdb --sourcetype block --live
step virtlxcd list-disks virsh domblklist lab-container
step virtlxcd detach-disk virsh detach-disk lab-container sdb --live
refuse virtlxcd signal-another 'init' virsh send-process-signal lab-container 2 term
step virtlxcd shutdown-by-signal virsh shutdown lab-container --mode signal
step virtlxcd kill virsh send-process-signal lab-container 1 kill
step virtlxcd is-off poll 20 off
step virtlxcd detach-loop losetup --detach /dev/loop5
step virtlxcd undefine virsh undefine lab-container
step virtlxcd clean-up rm -f $file /usr/local/bin/policytool-client
