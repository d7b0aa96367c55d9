# SPDX-License-Identifier: GPL-2.0-or-later
# Every driver looks for hooks when it starts, in a folder that only some machines have.
. /mnt/steps
step virtqemud make-folder sh -c 'mkdir -p /etc/libvirt/hooks && restorecon -R /etc/libvirt/hooks'
step virtinterfaced restart systemctl restart virtinterfaced.service
step virtlxcd restart systemctl restart virtlxcd.service
step virtnetworkd restart systemctl restart virtnetworkd.service
step virtnodedevd restart systemctl restart virtnodedevd.service
step virtnwfilterd restart systemctl restart virtnwfilterd.service
step virtproxyd restart systemctl restart virtproxyd.service
step virtqemud restart systemctl restart virtqemud.service
step virtsecretd restart systemctl restart virtsecretd.service
step virtstoraged restart systemctl restart virtstoraged.service
step virtvboxd restart systemctl restart virtvboxd.service
step virtqemud drop-folder rm -r /etc/libvirt/hooks
