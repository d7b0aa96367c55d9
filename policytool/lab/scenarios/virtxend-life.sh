# SPDX-License-Identifier: GPL-2.0-or-later
# thin: this machine is no Xen dom0; the daemon starts without its condition, finds no Xen and ends.
. /mnt/steps
URI=xen:///system
step virtxend without-its-condition condition virtxend none
refuse virtxend started-by-a-client 'reset\|end of file\|broken pipe' virsh list
step virtxend ends poll 30 ended virtxend
step virtxend afresh condition virtxend none
refuse virtxend started-again 'reset\|end of file\|broken pipe' virsh version
step virtxend stop systemctl stop virtxend.service
step virtxend with-its-condition condition virtxend
