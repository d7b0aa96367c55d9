# SPDX-License-Identifier: GPL-2.0-or-later
# What virtqemud keeps of emulators is made anew when one of them has changed.
. /mnt/steps
URI=qemu:///system
kept() { ls /var/cache/libvirt/qemu/capabilities/*.xml; }
step virtqemud ask virsh domcapabilities
step virtqemud is-kept kept
step virtqemud emulator-changes touch /usr/bin/qemu-system-x86_64
step virtqemud ask-again virsh domcapabilities
step virtqemud restart systemctl restart virtqemud.service
step virtqemud capabilities virsh capabilities
step virtqemud emulator-changes-again touch /usr/bin/qemu-system-x86_64
step virtqemud restart-again systemctl restart virtqemud.service
step virtqemud ask-at-last virsh domcapabilities
step virtqemud drop-what-is-kept sh -c 'rm -r /var/cache/libvirt/qemu/capabilities'
step virtqemud ask-for-nothing-kept virsh domcapabilities
