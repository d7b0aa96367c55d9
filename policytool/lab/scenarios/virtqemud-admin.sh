# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtqemud (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='qemu:///system'
log=/var/log/libvirt/lab-virtqemud.log
step virtqemud start systemctl start virtqemud.service
step virtqemud uri admin virtqemud uri
step virtqemud version admin virtqemud version
step virtqemud servers admin virtqemud server-list
step virtqemud threads admin virtqemud server-threadpool-info virtqemud
step virtqemud set-threads admin virtqemud server-threadpool-set virtqemud --max-workers 22 --priority-workers 6
step virtqemud limits admin virtqemud server-clients-info virtqemud
step virtqemud set-limits admin virtqemud server-clients-set virtqemud --max-clients 4000 --max-unauth-clients 15
step virtqemud throw-out throw_out virtqemud virtqemud
refuse virtqemud unknown-client 'no client\|not found\|unable' admin virtqemud client-info virtqemud 4711
refuse virtqemud no-certificates 'tls' admin virtqemud server-update-tls virtqemud
step virtqemud idle-time admin virtqemud daemon-timeout --timeout 240
step virtqemud log-filters admin virtqemud daemon-log-filters
step virtqemud set-log-filters admin virtqemud daemon-log-filters '1:rpc 3:event'
step virtqemud log-outputs admin virtqemud daemon-log-outputs
step virtqemud log-to-a-file admin virtqemud daemon-log-outputs "1:file:$log"
step virtqemud is-logged admin virtqemud client-list virtqemud
step virtqemud log-is-written test -s $log
step virtqemud log-to-syslog admin virtqemud daemon-log-outputs '2:syslog:lab'
step virtqemud usual-log-outputs admin virtqemud daemon-log-outputs ''
step virtqemud usual-log-filters admin virtqemud daemon-log-filters ''
refuse virtqemud log-nowhere 'output\|open\|No such' admin virtqemud daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtqemud restart systemctl restart virtqemud.service
step virtqemud clean-up rm -f $log
