# SPDX-License-Identifier: GPL-2.0-or-later
# Asked of a guest that runs, and changed in it: threads, counters, limits, block jobs, migration settings, memory.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
with_disk() { # a guest whose disk the client has opened for it
    client 'dom-fd-associate lab-fd --name lab --pass-fds 7 --seclabel-writable --seclabel-restore; start lab-fd' 7<>$images/lab-fd.img
}
step virtqemud make-disks sh -c 'cd /var/lib/libvirt/images && qemu-img create -q -f qcow2 lab-qcow.qcow2 8M && truncate -s 4M lab-disk1.img lab-fd.img'
step virtqemud label-disks restorecon -R $images
step virtqemud create virsh create /mnt/guest-qcow.xml
step virtqemud control virsh domcontrol lab-qcow
step virtqemud block-errors virsh domblkerror lab-qcow
step virtqemud block-threshold virsh domblkthreshold lab-qcow vda 1000000
step virtqemud copy virsh blockcopy lab-qcow vda --dest $images/lab-qcow.copy --transient-job
step virtqemud job virsh blockjob lab-qcow vda --info
step virtqemud job-limit virsh blockjob lab-qcow vda --bandwidth 10
step virtqemud job-abort virsh blockjob lab-qcow vda --abort
step virtqemud no-job virsh blockjob lab-qcow vda --raw
step virtqemud dirty-rate virsh domdirtyrate-calc lab-qcow --seconds 1
step virtqemud dirty-rate-told virsh domstats lab-qcow --dirtyrate
step virtqemud downtime virsh migrate-getmaxdowntime lab-qcow
step virtqemud set-downtime virsh migrate-setmaxdowntime lab-qcow 400
step virtqemud speed virsh migrate-getspeed lab-qcow
step virtqemud set-speed virsh migrate-setspeed lab-qcow 100
step virtqemud cache virsh migrate-compcache lab-qcow
step virtqemud set-cache virsh migrate-compcache lab-qcow --size 8388608
refuse virtqemud no-migration 'migration' virsh migrate-postcopy lab-qcow
step virtqemud lifecycle virsh set-lifecycle-action lab-qcow crash restart --live
step virtqemud counters virsh perf lab-qcow
step virtqemud count virsh perf lab-qcow --enable page_faults --live
step virtqemud counted virsh domstats lab-qcow --perf
step virtqemud count-no-more virsh perf lab-qcow --disable page_faults --live
step virtqemud reboot virsh reboot lab-qcow --mode acpi
step virtqemud destroy virsh destroy lab-qcow
step virtqemud create-with-interface virsh create /mnt/guest-user.xml
step virtqemud unplug-cable virsh domif-setlink lab-user 52:54:00:ab:00:32 down
step virtqemud plug-cable virsh domif-setlink lab-user 52:54:00:ab:00:32 up
step virtqemud destroy-with-interface virsh destroy lab-user
step virtnetworkd network virsh -c network:///system net-create /mnt/net-nat.xml
step virtqemud create-tuned virsh create /mnt/guest-tuned.xml
step virtqemud io-threads virsh iothreadinfo lab-tuned
step virtqemud set-io-thread virsh iothreadset lab-tuned 1 --poll-max-ns 1000 --live
step virtqemud second-processor virsh setvcpu lab-tuned 1 --enable --live
step virtqemud destroy-tuned virsh destroy lab-tuned
step virtnetworkd no-network virsh -c network:///system net-destroy lab-nat
step virtqemud create-with-memory virsh create /mnt/guest-memory.xml
step virtqemud less-memory virsh update-memory-device lab-memory --requested-size 16M --live
step virtqemud attach-memory virsh attach-device lab-memory /mnt/memory-dimm.xml --live
step virtqemud destroy-with-memory virsh destroy lab-memory
step virtqemud define-with-passed-disk virsh define /mnt/guest-fd.xml
refuse virtqemud no-passed-disk 'fd group\|file descriptor' virsh start lab-fd
step virtqemud passed-disk with_disk
step virtqemud destroy-passed virsh destroy lab-fd
step virtqemud undefine-passed virsh undefine lab-fd
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-qcow.* /var/lib/libvirt/images/lab-disk1.img /var/lib/libvirt/images/lab-fd.img /usr/local/bin/policytool-client'
