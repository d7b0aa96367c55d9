# SPDX-License-Identifier: GPL-2.0-or-later
# What a guest without an agent, firmware that sleeps, or encrypted memory cannot be asked.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
step virtqemud make-disk qemu-img create -q -f qcow2 $images/lab-qcow.qcow2 8M
step virtqemud label-disk restorecon -R $images
step virtqemud create virsh create /mnt/guest-qcow.xml
step virtqemud patience virsh guest-agent-timeout lab-qcow --timeout 1
refuse virtqemud freeze 'agent' virsh domfsfreeze lab-qcow
refuse virtqemud thaw 'agent' virsh domfsthaw lab-qcow
refuse virtqemud trim 'agent' virsh domfstrim lab-qcow
refuse virtqemud file-systems 'agent' virsh domfsinfo lab-qcow
refuse virtqemud host-name 'agent' virsh domhostname lab-qcow --source agent
refuse virtqemud time 'agent' virsh domtime lab-qcow
refuse virtqemud set-time 'agent' virsh domtime lab-qcow --now
refuse virtqemud about-the-guest 'agent' virsh guestinfo lab-qcow
refuse virtqemud processors 'agent' virsh guestvcpus lab-qcow
refuse virtqemud keys-of-a-user 'agent' virsh get-user-sshkeys lab-qcow root
refuse virtqemud set-keys-of-a-user 'agent' virsh set-user-sshkeys lab-qcow root --reset
refuse virtqemud set-password 'agent' virsh set-user-password lab-qcow root synthetic
refuse virtqemud addresses 'agent' virsh domifaddr lab-qcow --source agent
refuse virtqemud shutdown-by-agent 'agent' virsh shutdown lab-qcow --mode agent
refuse virtqemud sleep 'agent' virsh dompmsuspend lab-qcow mem
refuse virtqemud wake-up 'suspend' virsh dompmwakeup lab-qcow
step virtqemud launch-security virsh domlaunchsecinfo lab-qcow
refuse virtqemud launch-secret 'SEV' virsh domsetlaunchsecstate lab-qcow --secrethdr /mnt/steps --secret /mnt/steps
refuse virtqemud signal 'not supported' virsh send-process-signal lab-qcow 1 term
step virtqemud destroy virsh destroy lab-qcow
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-qcow.*'
