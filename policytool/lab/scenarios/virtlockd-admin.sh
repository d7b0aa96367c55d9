# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtlockd (virt-admin): threads, limits of clients, where and what it logs.
. /mnt/steps
log=/var/log/libvirt/lab-virtlockd.log
step virtlockd start systemctl start virtlockd.service
step virtlockd uri admin virtlockd uri
step virtlockd version admin virtlockd version
step virtlockd servers admin virtlockd server-list
step virtlockd threads admin virtlockd server-threadpool-info virtlockd
step virtlockd limits admin virtlockd server-clients-info virtlockd
step virtlockd set-limits admin virtlockd server-clients-set virtlockd --max-clients 4000 --max-unauth-clients 15
refuse virtlockd unknown-client 'no client\|not found\|unable' admin virtlockd client-info virtlockd 4711
refuse virtlockd no-certificates 'tls' admin virtlockd server-update-tls virtlockd
step virtlockd log-filters admin virtlockd daemon-log-filters
step virtlockd set-log-filters admin virtlockd daemon-log-filters '1:rpc 3:event'
step virtlockd log-outputs admin virtlockd daemon-log-outputs
step virtlockd log-to-a-file admin virtlockd daemon-log-outputs "1:file:$log"
step virtlockd is-logged admin virtlockd client-list virtlockd
step virtlockd log-is-written test -s $log
step virtlockd log-to-syslog admin virtlockd daemon-log-outputs '2:syslog:lab'
step virtlockd usual-log-outputs admin virtlockd daemon-log-outputs ''
step virtlockd usual-log-filters admin virtlockd daemon-log-filters ''
refuse virtlockd log-nowhere 'output\|open\|No such' admin virtlockd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtlockd restart systemctl restart virtlockd.service
step virtlockd clean-up rm -f $log
