# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtlxcd: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=lxc:///system
step virtlxcd stop systemctl stop virtlxcd.service
step virtlxcd started-by-a-client virsh list --all
step virtlxcd is-running runs virtlxcd
step virtlxcd reload systemctl reload virtlxcd.service
step virtlxcd after-reload virsh list --all
step virtlxcd restart systemctl restart virtlxcd.service
step virtlxcd after-restart virsh list --all
step virtlxcd admin-servers admin virtlxcd srv-list
step virtlxcd admin-clients admin virtlxcd client-list virtlxcd
step virtlxcd admin-threads admin virtlxcd srv-threadpool-set virtlxcd --max-workers 24
step virtlxcd admin-log-filters admin virtlxcd daemon-log-filters '1:object'
refuse virtlxcd nobody-may-connect 'denied' nobody list --all
step virtlxcd read-only virsh --readonly list --all
step virtlxcd short-timeout arguments virtlxcd '--timeout 2'
step virtlxcd idle-exit poll 20 ended virtlxcd
step virtlxcd started-again virsh list --all
step virtlxcd usual-timeout arguments virtlxcd
