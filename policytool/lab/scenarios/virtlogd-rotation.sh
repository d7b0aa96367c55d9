# SPDX-License-Identifier: GPL-2.0-or-later
# A console's log that grows too large is rolled over, and the oldest one is dropped.
. /mnt/steps
URI=qemu:///system
log=/var/log/libvirt/qemu/lab-console.log
small() { setting virtlogd 'max_size = 256' && echo 'max_backups = 2 # policytool' >>/etc/libvirt/virtlogd.conf; }
rolled() { # NUMBER
    [ -e $log."$1" ] && return
    virsh reset lab-log
    sleep 2
    [ -e $log."$1" ]
}
step virtlogd small-files small
step virtlogd stop systemctl stop virtlogd.service
step virtqemud create virsh create /mnt/guest-log.xml
step virtlogd first-backup poll 15 rolled 0
step virtlogd second-backup poll 15 rolled 1
refuse virtlogd no-third-backup '^$' test -e $log.2
step virtqemud destroy virsh destroy lab-log
step virtlogd usual-files setting virtlogd
step virtlogd restart systemctl restart virtlogd.service
step virtlogd clean-up rm -f $log $log.0 $log.1
