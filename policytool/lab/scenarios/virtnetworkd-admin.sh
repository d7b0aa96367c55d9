# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtnetworkd (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='network:///system'
log=/var/log/libvirt/lab-virtnetworkd.log
step virtnetworkd start systemctl start virtnetworkd.service
step virtnetworkd uri admin virtnetworkd uri
step virtnetworkd version admin virtnetworkd version
step virtnetworkd servers admin virtnetworkd server-list
step virtnetworkd threads admin virtnetworkd server-threadpool-info virtnetworkd
step virtnetworkd set-threads admin virtnetworkd server-threadpool-set virtnetworkd --max-workers 22 --priority-workers 6
step virtnetworkd limits admin virtnetworkd server-clients-info virtnetworkd
step virtnetworkd set-limits admin virtnetworkd server-clients-set virtnetworkd --max-clients 4000 --max-unauth-clients 15
step virtnetworkd throw-out throw_out virtnetworkd virtnetworkd
refuse virtnetworkd unknown-client 'no client\|not found\|unable' admin virtnetworkd client-info virtnetworkd 4711
refuse virtnetworkd no-certificates 'tls' admin virtnetworkd server-update-tls virtnetworkd
step virtnetworkd idle-time admin virtnetworkd daemon-timeout --timeout 240
step virtnetworkd log-filters admin virtnetworkd daemon-log-filters
step virtnetworkd set-log-filters admin virtnetworkd daemon-log-filters '1:rpc 3:event'
step virtnetworkd log-outputs admin virtnetworkd daemon-log-outputs
step virtnetworkd log-to-a-file admin virtnetworkd daemon-log-outputs "1:file:$log"
step virtnetworkd is-logged admin virtnetworkd client-list virtnetworkd
step virtnetworkd log-is-written test -s $log
step virtnetworkd log-to-syslog admin virtnetworkd daemon-log-outputs '2:syslog:lab'
step virtnetworkd usual-log-outputs admin virtnetworkd daemon-log-outputs ''
step virtnetworkd usual-log-filters admin virtnetworkd daemon-log-filters ''
refuse virtnetworkd log-nowhere 'output\|open\|No such' admin virtnetworkd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtnetworkd restart systemctl restart virtnetworkd.service
step virtnetworkd clean-up rm -f $log
