# SPDX-License-Identifier: GPL-2.0-or-later
# thin: this machine is no Xen dom0; the daemon starts without its condition, and refuses.
. /mnt/steps
step virtxend without-its-condition condition virtxend none
step virtxend start systemctl start virtxend.service
step virtxend is-running runs virtxend
step virtxend admin-servers admin virtxend srv-list
step virtxend reload systemctl reload virtxend.service
step virtxend restart systemctl restart virtxend.service
step virtxend stop systemctl stop virtxend.service
step virtxend with-its-condition condition virtxend
