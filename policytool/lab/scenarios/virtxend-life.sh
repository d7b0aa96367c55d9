# SPDX-License-Identifier: GPL-2.0-or-later
# thin: this machine is no Xen dom0; the daemon starts without its condition, and refuses.
. /mnt/steps
URI=xen:///system
step virtxend without-its-condition condition virtxend none
step virtxend short-timeout arguments virtxend '--timeout 2'
step virtxend idle-exit poll 20 ended virtxend
refuse virtxend started-by-a-client 'driver' virsh list
step virtxend usual-timeout arguments virtxend
step virtxend stop systemctl stop virtxend.service
step virtxend with-its-condition condition virtxend
