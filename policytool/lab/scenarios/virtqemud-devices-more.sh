# SPDX-License-Identifier: GPL-2.0-or-later
# A guest with many kinds of devices: SCSI, floppy, a tap and a bridge made by hand, sockets, shared memory, two random sources.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
# The tap device is of ifconfig_t, as services make them: not by this script's own ip.
links() { ip link add labbridge4 type bridge && ip link set labbridge4 up && /usr/bin/ip tuntap add labtap2 mode tap && udevadm settle; }
step virtqemud make-disks sh -c 'cd /var/lib/libvirt/images && truncate -s 4M lab-devices.img && truncate -s 1440K lab-devices.floppy'
step virtqemud label-disks restorecon -R $images
step virtqemud make-links links
step virtqemud define virsh define /mnt/guest-devices.xml
step virtqemud autostart virsh autostart lab-devices
step virtqemud start virsh start lab-devices
step virtqemud statistics virsh domstats lab-devices
step virtqemud memory-statistics virsh dommemstat lab-devices
step virtqemud memory-period virsh dommemstat lab-devices --period 1 --live
step virtqemud list-disks virsh domblklist lab-devices --details
step virtqemud list-interfaces virsh domiflist lab-devices
step virtqemud trim-disk virsh blockresize lab-devices sda 6M
step virtqemud suspend virsh suspend lab-devices
step virtqemud restart-while-paused systemctl restart virtqemud.service
step virtqemud resume virsh resume lab-devices
step virtqemud reset virsh reset lab-devices
step virtqemud dump virsh dump lab-devices /var/lib/libvirt/qemu/dump/lab-devices.core --memory-only --format kdump-zlib
step virtqemud destroy virsh destroy lab-devices --graceful
step virtqemud start-again virsh start lab-devices --paused
step virtqemud kill-emulator pkill -f 'guest=lab-devices'
step virtqemud is-off poll 20 sh -c '[ "$(virsh -q -c qemu:///system domstate lab-devices)" = "shut off" ]'
step virtqemud no-autostart virsh autostart --disable lab-devices
step virtqemud undefine virsh undefine lab-devices
step virtqemud drop-links sh -c 'ip link delete labtap2; ip link delete labbridge4'
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-devices.* /var/lib/libvirt/qemu/dump/lab-devices.core /var/log/libvirt/qemu/lab-devices.parallel /dev/shm/lab-shared'
