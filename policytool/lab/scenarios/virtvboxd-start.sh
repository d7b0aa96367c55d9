# SPDX-License-Identifier: GPL-2.0-or-later
# thin: Debian has no VirtualBox, so the daemon can only start and refuse.
. /mnt/steps
URI=vbox:///system
step virtvboxd start systemctl start virtvboxd.service
step virtvboxd is-running runs virtvboxd
step virtvboxd admin-servers admin virtvboxd srv-list
step virtvboxd reload systemctl reload virtvboxd.service
step virtvboxd restart systemctl restart virtvboxd.service
step virtvboxd stop systemctl stop virtvboxd.service
