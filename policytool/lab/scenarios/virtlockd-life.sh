# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtlockd: started by a client, re-executed, restarted; its administration; what it refuses.
. /mnt/steps
stranger() { setpriv --reuid nobody --regid nogroup --clear-groups virt-admin -c virtlockd:///system srv-list; }
step virtlockd stop systemctl stop virtlockd.service
step virtlockd started-by-a-client admin virtlockd srv-list
step virtlockd is-running runs virtlockd
step virtlockd signal systemctl kill --signal USR1 --kill-who main virtlockd.service
step virtlockd after-signal poll 5 admin virtlockd srv-list
step virtlockd restart systemctl restart virtlockd.service
step virtlockd admin-threads admin virtlockd srv-threadpool-info virtlockd
step virtlockd admin-log-filters admin virtlockd daemon-log-filters '1:locking'
refuse virtlockd nobody-may-connect 'denied' stranger
refuse virtlockd unknown-server 'no server\|not found\|unknown\|lab-none' admin virtlockd srv-clients-info lab-none
