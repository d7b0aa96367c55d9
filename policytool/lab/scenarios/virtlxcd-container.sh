# SPDX-License-Identifier: GPL-2.0-or-later
# A container from definition to removal: started, entered, over a restart of the daemon.
. /mnt/steps
URI=lxc:///system
state() { [ "$(virsh domstate lab-container)" = "$1" ]; }
# libvirt 9.0 opens the namespaces, but cannot put a client into a container's group of cgroup v2, nor freeze one.
enter() { client lxc-enter-namespace lab-container --noseclabel -- /bin/sh -c "$1"; }
inside() { nsenter --target "$(pgrep --parent "$(virsh domid lab-container)")" --all -- "$@"; }
step virtlxcd capabilities virsh capabilities
step virtlxcd define virsh define /mnt/container.xml
step virtlxcd start virsh start lab-container
step virtlxcd state state running
step virtlxcd info virsh dominfo lab-container
refuse virtlxcd statistics 'not supported' virsh domstats lab-container
refuse virtlxcd cpu-statistics 'not supported' virsh cpu-stats lab-container
step virtlxcd cpu-time virsh cpu-stats lab-container --total
step virtlxcd memory-statistics virsh dommemstat lab-container
step virtlxcd dumpxml virsh dumpxml lab-container
refuse virtlxcd enter 'cgroup' enter true
step virtlxcd own-memory-file inside cat /proc/meminfo
refuse virtlxcd suspend 'suspend' virsh suspend lab-container
step virtlxcd restart systemctl restart virtlxcd.service
step virtlxcd still-running state running
step virtlxcd destroy virsh destroy lab-container
step virtlxcd undefine virsh undefine lab-container
step virtlxcd clean-up rm -f /usr/local/bin/policytool-client
