# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that virtqemud starts for a guest: swtpm, virtiofsd; a folder shared over 9p; firmware with variables.
. /mnt/steps
URI=qemu:///system
step virtqemud start-tpm-define virsh define /mnt/guest-tpm.xml
step virtqemud start-tpm virsh start lab-tpm
step virtqemud tpm-runs pgrep -f 'swtpm.*lab-tpm'
step virtqemud destroy-tpm virsh destroy lab-tpm
step virtqemud start-tpm-again virsh start lab-tpm
step virtqemud destroy-tpm-again virsh destroy lab-tpm
step virtqemud undefine-tpm virsh undefine lab-tpm --tpm
step virtqemud make-share mkdir -p /var/lib/libvirt/lab-share
step virtqemud start-virtiofs virsh create /mnt/guest-virtiofs.xml
step virtqemud virtiofsd-runs pgrep -f virtiofsd
step virtqemud destroy-virtiofs virsh destroy lab-virtiofs
step virtqemud start-9p virsh create /mnt/guest-9p.xml
step virtqemud destroy-9p virsh destroy lab-9p
step virtqemud start-user virsh create /mnt/guest-user.xml
step virtqemud destroy-user virsh destroy lab-user
step virtqemud define-nvram virsh define /mnt/guest-nvram.xml
step virtqemud start-nvram virsh start lab-nvram
step virtqemud has-nvram test -s /var/lib/libvirt/qemu/nvram/lab-nvram_VARS.fd
step virtqemud destroy-nvram virsh destroy lab-nvram
step virtqemud undefine-nvram virsh undefine lab-nvram --nvram
step virtqemud clean-up rm -rf /var/lib/libvirt/lab-share
