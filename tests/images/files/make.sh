#!/bin/sh
# Makes the files of this folder anew from cover.png, which Recto drew itself. Needs Debian's libheif-examples,
# libavif-bin and libimage-exiftool-perl; PYTHON names an interpreter with Recto. The files are kept, so that tests
# need none of these tools and read what programs other than Recto's own decoders wrote.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${PYTHON:-python3}" - "$work" <<'END'
import sys
from pathlib import Path
import cv2
import numpy as np
from PIL import Image
from recto_lab.synthetic import draw_covers

work = Path(sys.argv[1])
cover = draw_covers(3, seed=11, height=200)
cover = cover.crop((0, 0, cover.width // 2 * 2, cover.height))
cover.save("cover.png", optimize=True)
exif = Image.Exif()
exif[0x0112] = 6  # lies on its side: a viewer turns it to the right
cover.transpose(Image.Transpose.ROTATE_90).save(work / "lying.jpg", quality=98, subsampling=0, exif=exif)
sixteen = np.asarray(cover)[..., ::-1].astype(np.uint16) * 257
cv2.imwrite(str(work / "sixteen.png"), sixteen)
clear = cover.convert("RGBA")
clear.paste((0, 0, 0, 0), (0, 0, cover.width, 64))
clear.save(work / "clear.png")
cover.convert("L").save(work / "grey.png")
cover.transpose(Image.Transpose.ROTATE_90).save(work / "lying.png")
tile = draw_covers(5, seed=11, height=800).resize((512, 512))
tile.save(work / "tile.png")
small = cover.resize((cover.width // 4, cover.height // 4))
small.save(work / "small.png")
pages = [cover, Image.new("RGB", cover.size, "white"), cover.convert("L").convert("RGB")]
pages[0].save("pages.tiff", save_all=True, append_images=pages[1:], compression="tiff_adobe_deflate")
END

heif-enc -q 90 -p chroma=444 cover.png -o cover.heic
heif-enc -q 90 -p chroma=444 -t 128 "$work/lying.jpg" -o lying.heic   # irot in the container and orientation in EXIF
heif-enc -q 90 -p chroma=444 -b 10 "$work/sixteen.png" -o ten_bits.heic
heif-enc -q 90 -p chroma=444 "$work/clear.png" -o clear.heic
heif-enc -q 90 "$work/grey.png" -o grey.heic
heif-enc -q 90 -p chroma=444 cover.png "$work/small.png" -o two_images.heic
avifenc --min 5 --max 10 -y 444 cover.png cover.avif >/dev/null
avifenc --min 5 --max 10 -y 444 --irot 3 "$work/lying.png" lying.avif >/dev/null   # 3 quarter turns to the left
avifenc --min 5 --max 10 -y 444 -d 10 "$work/sixteen.png" ten_bits.avif >/dev/null
avifenc --min 5 --max 10 -y 444 "$work/clear.png" clear.avif >/dev/null
cp lying.avif lying_exif.avif
exiftool -q -overwrite_original -n -Orientation=6 lying_exif.avif   # the orientation in EXIF too
heif-enc -q 40 "$work/tile.png" -o tile.heic   # what phones lay their large photos out of
avifenc --min 30 --max 40 -y 420 "$work/tile.png" tile.avif >/dev/null
heif-enc -A -q 90 -p chroma=444 cover.png -o heif_enc.avif
ls -l
