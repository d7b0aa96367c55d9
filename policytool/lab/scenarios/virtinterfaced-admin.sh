# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtinterfaced (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='interface:///system'
log=/var/log/libvirt/lab-virtinterfaced.log
step virtinterfaced start systemctl start virtinterfaced.service
step virtinterfaced uri admin virtinterfaced uri
step virtinterfaced version admin virtinterfaced version
step virtinterfaced servers admin virtinterfaced server-list
step virtinterfaced threads admin virtinterfaced server-threadpool-info virtinterfaced
step virtinterfaced set-threads admin virtinterfaced server-threadpool-set virtinterfaced --max-workers 22 --priority-workers 6
step virtinterfaced limits admin virtinterfaced server-clients-info virtinterfaced
step virtinterfaced set-limits admin virtinterfaced server-clients-set virtinterfaced --max-clients 4000 --max-unauth-clients 15
step virtinterfaced throw-out throw_out virtinterfaced virtinterfaced
refuse virtinterfaced unknown-client 'no client\|not found\|unable' admin virtinterfaced client-info virtinterfaced 4711
refuse virtinterfaced no-certificates 'tls' admin virtinterfaced server-update-tls virtinterfaced
step virtinterfaced idle-time admin virtinterfaced daemon-timeout --timeout 240
step virtinterfaced log-filters admin virtinterfaced daemon-log-filters
step virtinterfaced set-log-filters admin virtinterfaced daemon-log-filters '1:rpc 3:event'
step virtinterfaced log-outputs admin virtinterfaced daemon-log-outputs
step virtinterfaced log-to-a-file admin virtinterfaced daemon-log-outputs "1:file:$log"
step virtinterfaced is-logged admin virtinterfaced client-list virtinterfaced
step virtinterfaced log-is-written test -s $log
step virtinterfaced log-to-syslog admin virtinterfaced daemon-log-outputs '2:syslog:lab'
step virtinterfaced usual-log-outputs admin virtinterfaced daemon-log-outputs ''
step virtinterfaced usual-log-filters admin virtinterfaced daemon-log-filters ''
refuse virtinterfaced log-nowhere 'output\|open\|No such' admin virtinterfaced daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtinterfaced restart systemctl restart virtinterfaced.service
step virtinterfaced clean-up rm -f $log
