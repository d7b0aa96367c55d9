# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtlogd (virt-admin): threads, limits of clients, where and what it logs.
. /mnt/steps
log=/var/log/libvirt/lab-virtlogd.log
step virtlogd start systemctl start virtlogd.service
step virtlogd uri admin virtlogd uri
step virtlogd version admin virtlogd version
step virtlogd servers admin virtlogd server-list
step virtlogd threads admin virtlogd server-threadpool-info virtlogd
step virtlogd limits admin virtlogd server-clients-info virtlogd
step virtlogd set-limits admin virtlogd server-clients-set virtlogd --max-clients 4000 --max-unauth-clients 15
refuse virtlogd unknown-client 'no client\|not found\|unable' admin virtlogd client-info virtlogd 4711
refuse virtlogd no-certificates 'tls' admin virtlogd server-update-tls virtlogd
step virtlogd log-filters admin virtlogd daemon-log-filters
step virtlogd set-log-filters admin virtlogd daemon-log-filters '1:rpc 3:event'
step virtlogd log-outputs admin virtlogd daemon-log-outputs
step virtlogd log-to-a-file admin virtlogd daemon-log-outputs "1:file:$log"
step virtlogd is-logged admin virtlogd client-list virtlogd
step virtlogd log-is-written test -s $log
step virtlogd log-to-syslog admin virtlogd daemon-log-outputs '2:syslog:lab'
step virtlogd usual-log-outputs admin virtlogd daemon-log-outputs ''
step virtlogd usual-log-filters admin virtlogd daemon-log-filters ''
refuse virtlogd log-nowhere 'output\|open\|No such' admin virtlogd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtlogd restart systemctl restart virtlogd.service
step virtlogd clean-up rm -f $log
