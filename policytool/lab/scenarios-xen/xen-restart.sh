# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtxend on a dom0: started by a client, reloaded, restarted with a guest running, autostart. It never ends by
# itself: dom0 is a domain that it works for.
. /mnt/steps
. /mnt/dom0
autostarted() { virsh autostart lab-guest && rm -f /run/libvirt/libxl/autostarted && systemctl restart virtxend.service; }
step virtxend sockets sockets
step virtxend stop systemctl stop virtxend.service
step virtxend started-by-a-client virsh list --all
step virtxend runs runs virtxend
step virtxend reload systemctl reload virtxend.service
step virtxend define virsh define /mnt/guest.xml
step virtxend autostart autostarted
step virtxend was-started poll 60 state lab-guest running
step virtxend restart-with-guest systemctl restart virtxend.service
step virtxend still-running state lab-guest running
step virtxend answers console lab-guest
step virtxend no-autostart virsh autostart --disable lab-guest
step virtxend short-timeout arguments virtxend '--timeout 2'
step virtxend stays-up-with-a-guest sh -c 'sleep 8; systemctl --quiet is-active virtxend.service'
step virtxend destroy virsh destroy lab-guest
step virtxend undefine virsh undefine lab-guest
step virtxend dom0-keeps-it-up sh -c 'sleep 8; systemctl --quiet is-active virtxend.service'
step virtxend usual-timeout arguments virtxend
step virtxend log-filters admin virtxend daemon-log-filters '1:libxl'
step virtxend servers admin virtxend srv-list
step virtxend read-only virsh --readonly list --all
