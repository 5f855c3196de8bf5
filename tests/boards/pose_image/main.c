/* A whole firmware around the pose model: raw counts in, pose out, every result written as four hex digits. */
#include "pose.h"
#include "platform.h"
#include "samples.h" /* samples[][6], made by the test */

static uint16_t raw[6];
static int16_t pose[6];

int main(void)
{
    for (unsigned i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        for (int k = 0; k < 6; k++) {
            raw[k] = samples[i][k];
        }
        pose_predict_raw(raw, pose);
        for (int k = 0; k < 6; k++) {
            for (int shift = 12; shift >= 0; shift -= 4) {
                platform_put("0123456789abcdef"[((unsigned)pose[k] >> shift) & 15u]);
            }
        }
    }
    return 0;
}
