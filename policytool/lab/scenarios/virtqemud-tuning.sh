# SPDX-License-Identifier: GPL-2.0-or-later
# Limits and pins of processors, memory, disks and interfaces (cgroups, tc, NUMA), set at start and changed later.
. /mnt/steps
URI=qemu:///system
step virtqemud make-disk truncate -s 4M /var/lib/libvirt/images/lab-disk1.img
step virtqemud label-disk restorecon -R /var/lib/libvirt/images
step virtnetworkd network virsh net-create /mnt/net-nat.xml
step virtqemud define virsh define /mnt/guest-tuned.xml
step virtqemud start virsh start lab-tuned
step virtqemud shares virsh schedinfo lab-tuned --live --set cpu_shares=1024
step virtqemud quota virsh schedinfo lab-tuned --live --set vcpu_quota=150000
step virtqemud pin virsh vcpupin lab-tuned 0 1 --live
step virtqemud pin-emulator virsh emulatorpin lab-tuned 0 --live
step virtqemud pin-io-thread virsh iothreadpin lab-tuned 1 0 --live
step virtqemud add-io-thread virsh iothreadadd lab-tuned 2 --live
step virtqemud remove-io-thread virsh iothreaddel lab-tuned 2 --live
step virtqemud add-processor virsh setvcpus lab-tuned 2 --live
step virtqemud processors virsh vcpuinfo lab-tuned
refuse virtqemud processor-statistics 'cpuacct\|support\|cgroup' virsh cpu-stats lab-tuned
step virtqemud memory-limit virsh memtune lab-tuned --soft-limit 400000 --live
step virtqemud memory virsh setmem lab-tuned 48M --live
step virtqemud memory-statistics virsh dommemstat lab-tuned
step virtqemud block-weight virsh blkiotune lab-tuned --weight 300 --live
step virtqemud block-statistics virsh domblkstat lab-tuned vda
step virtqemud interface-statistics virsh domifstat lab-tuned 52:54:00:ab:00:30
step virtqemud numa virsh numatune lab-tuned
step virtqemud node-info virsh nodeinfo
step virtqemud node-memory virsh nodememstats
step virtqemud node-processors virsh nodecpumap
step virtqemud hypervisor-info virsh sysinfo
step virtqemud domain-capabilities virsh domcapabilities
step virtqemud destroy virsh destroy lab-tuned
step virtqemud undefine virsh undefine lab-tuned
step virtqemud advice-of-numad virsh create /mnt/guest-numad.xml
step virtqemud destroy-advised virsh destroy lab-numad
step virtnetworkd no-network virsh net-destroy lab-nat
step virtqemud clean-up rm -f /var/lib/libvirt/images/lab-disk1.img
