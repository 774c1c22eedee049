#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same, and nobody is told how often, as if it had not been during a test.
# shellcheck source=selftests/hba.sh
. /kselftest/ata_split/hba.sh
"${0%/*}/breaks.sh" && hba breaches >/dev/null
