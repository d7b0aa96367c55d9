# SPDX-License-Identifier: GPL-2.0-or-later
# thin: this machine is no Xen dom0; the daemon starts without its condition, and refuses.
. /mnt/steps
log=/var/log/libvirt/lab-virtxend.log
step virtxend without-its-condition condition virtxend none
step virtxend start systemctl start virtxend.service
step virtxend uri admin virtxend uri
step virtxend version admin virtxend version
step virtxend servers admin virtxend server-list
step virtxend threads admin virtxend server-threadpool-info virtxend
step virtxend set-threads admin virtxend server-threadpool-set virtxend --max-workers 22 --priority-workers 6
step virtxend limits admin virtxend server-clients-info virtxend
step virtxend set-limits admin virtxend server-clients-set virtxend --max-clients 4000 --max-unauth-clients 15
refuse virtxend unknown-client 'no client\|not found\|unable' admin virtxend client-info virtxend 4711
refuse virtxend no-certificates 'tls' admin virtxend server-update-tls virtxend
step virtxend idle-time admin virtxend daemon-timeout 240
step virtxend log-filters admin virtxend daemon-log-filters
step virtxend set-log-filters admin virtxend daemon-log-filters '1:rpc 3:event'
step virtxend log-outputs admin virtxend daemon-log-outputs
step virtxend log-to-a-file admin virtxend daemon-log-outputs "1:file:$log"
step virtxend is-logged admin virtxend client-list virtxend
step virtxend log-is-written test -s $log
step virtxend log-to-syslog admin virtxend daemon-log-outputs '2:syslog:lab'
step virtxend usual-log-outputs admin virtxend daemon-log-outputs ''
step virtxend usual-log-filters admin virtxend daemon-log-filters ''
refuse virtxend log-nowhere 'output\|open\|No such' admin virtxend daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtxend restart systemctl restart virtxend.service
step virtxend clean-up rm -f $log
step virtxend stop systemctl stop virtxend.service
step virtxend with-its-condition condition virtxend
