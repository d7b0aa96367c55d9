# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtlogd: started by virtqemud, re-executed, restarted without guests, ended when idle; its administration.
. /mnt/steps
URI=qemu:///system
step virtlogd stop systemctl stop virtlogd.service
step virtqemud create virsh create /mnt/guest-small.xml
step virtlogd is-running runs virtlogd
step virtlogd admin-servers admin virtlogd srv-list
step virtlogd admin-clients admin virtlogd client-list virtlogd
step virtlogd admin-log-outputs admin virtlogd daemon-log-outputs
step virtlogd signal systemctl kill --signal USR1 --kill-who main virtlogd.service
step virtlogd after-signal poll 5 admin virtlogd srv-list
step virtqemud destroy virsh destroy lab-small
step virtlogd restart systemctl restart virtlogd.service
step virtlogd after-restart admin virtlogd srv-list
