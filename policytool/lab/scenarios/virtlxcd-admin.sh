# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtlxcd (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='lxc:///system'
log=/var/log/libvirt/lab-virtlxcd.log
step virtlxcd start systemctl start virtlxcd.service
step virtlxcd uri admin virtlxcd uri
step virtlxcd version admin virtlxcd version
step virtlxcd servers admin virtlxcd server-list
step virtlxcd threads admin virtlxcd server-threadpool-info virtlxcd
step virtlxcd set-threads admin virtlxcd server-threadpool-set virtlxcd --max-workers 22 --priority-workers 6
step virtlxcd limits admin virtlxcd server-clients-info virtlxcd
step virtlxcd set-limits admin virtlxcd server-clients-set virtlxcd --max-clients 4000 --max-unauth-clients 15
step virtlxcd throw-out throw_out virtlxcd virtlxcd
refuse virtlxcd unknown-client 'no client\|not found\|unable' admin virtlxcd client-info virtlxcd 4711
refuse virtlxcd no-certificates 'tls' admin virtlxcd server-update-tls virtlxcd
step virtlxcd idle-time admin virtlxcd daemon-timeout --timeout 240
step virtlxcd log-filters admin virtlxcd daemon-log-filters
step virtlxcd set-log-filters admin virtlxcd daemon-log-filters '1:rpc 3:event'
step virtlxcd log-outputs admin virtlxcd daemon-log-outputs
step virtlxcd log-to-a-file admin virtlxcd daemon-log-outputs "1:file:$log"
step virtlxcd is-logged admin virtlxcd client-list virtlxcd
step virtlxcd log-is-written test -s $log
step virtlxcd log-to-syslog admin virtlxcd daemon-log-outputs '2:syslog:lab'
step virtlxcd usual-log-outputs admin virtlxcd daemon-log-outputs ''
step virtlxcd usual-log-filters admin virtlxcd daemon-log-filters ''
refuse virtlxcd log-nowhere 'output\|open\|No such' admin virtlxcd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtlxcd restart systemctl restart virtlxcd.service
step virtlxcd clean-up rm -f $log
