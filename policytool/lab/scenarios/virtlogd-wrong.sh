# SPDX-License-Identifier: GPL-2.0-or-later
# What virtlogd has to refuse.
. /mnt/steps
URI=qemu:///system
stranger() { setpriv --reuid nobody --regid nogroup --clear-groups virt-admin -c virtlogd:///system srv-list; }
refuse virtlogd no-such-folder 'No such file\|open' virsh create /mnt/guest-log-nowhere.xml
refuse virtlogd nobody-may-connect 'denied' stranger
refuse virtlogd unknown-server 'no server\|not found\|unknown\|lab-none' admin virtlogd srv-threadpool-info lab-none
refuse virtlogd bad-log-filter 'filter\|invalid\|parse' admin virtlogd daemon-log-filters 'lab:none'
