/* The dictionary that stored documents are compressed against: words and phrases of the trade, class symbols, and how a packed document
 * is framed. What is nearest the end is cheapest to refer to. Never change one that rows were written with: add another. */
#include "archive.h"

static const char words_1[] =
    " laminate vehicle vessel polymer catalyst graphene lithium battery elect"
    "rode electrolyte separator antenna semiconductor substrate wafer transis"
    "tor nucleic acid sequence polypeptide antibody pharmaceutical compositio"
    "n compound derivative treatment disease patient catheter surgical implan"
    "t unmanned aerial vehicle drone flight rotor propeller wing payload land"
    "ing aircraft ground station camera image sensor lidar radar neural netwo"
    "rk training machine learning model prediction classification data proces"
    "sing storage medium program instructions executed by a processor wireles"
    "s communication terminal base station user equipment channel resource al"
    "location transmission reception signal frequency band optical fiber lase"
    "r light emitting diode display panel pixel liquid crystal layer film coa"
    "ting thickness nanometer temperature pressure valve pump housing shaft b"
    "earing gear motor engine fuel combustion exhaust gas turbine compressor "
    "heat exchanger refrigerant cooling heating first second third plurality "
    "of portion surface upper lower inner outer end side opposite adjacent di"
    "sposed between mounted coupled connected attached to \346\234\254\345\217\221\346\230\216\345\205\254\345\274\200\344\272\206\344"
    "\270\200\347\247\215\346\234\254\345\256\236\347\224\250\346\226\260\345\236\213\346\266\211\345\217\212\346\234\254\345\217\221\346\230\216\346\266\211\345\217\212\346\234\254\347\224\263\350\257\267\346\217\220\344\276\233\346\211\200\350\277\260\347\232\204\345\205\266\347\211\271\345"
    "\276\201\345\234\250\344\272\216\345\214\205\346\213\254\344\273\245\344\270\213\346\255\245\351\252\244\345\217\212\345\205\266\345\210\266\345\244\207\346\226\271\346\263\225\345\222\214\345\272\224\347\224\250\350\243\205\347\275\256\345\217\212\346\226\271\346\263\225\347\263\273\347"
    "\273\237\345\217\212\346\226\271\346\263\225\346\234\211\351\231\220\345\205\254\345\217\270\350\202\241\344\273\275\346\234\211\351\231\220\345\205\254\345\217\270\347\247\221\346\212\200\346\234\211\351\231\220\345\205\254\345\217\270\346\212\200\346\234\257\346\234\211\351\231\220\345"
    "\205\254\345\217\270\345\244\247\345\255\246\347\240\224\347\251\266\351\231\242\347\240\224\347\251\266\346\211\200\344\270\255\345\233\275\347\247\221\345\255\246\351\231\242\346\234\254\345\217\221\346\230\216\345\261\236\344\272\216\346\212\200\346\234\257\351\242\206\345\237\237\345"
    "\205\267\344\275\223\346\266\211\345\217\212\350\257\245\346\226\271\346\263\225\351\200\232\350\277\207\346\217\220\351\253\230\345\256\236\347\216\260\350\247\243\345\206\263\351\207\207\347\224\250\350\277\233\350\241\214\350\256\276\347\275\256\350\277\236\346\216\245\346\216\247\345"
    "\210\266\346\225\260\346\215\256\344\277\241\346\201\257\346\250\241\345\235\227\346\243\200\346\265\213\345\244\204\347\220\206\346\235\220\346\226\231\347\224\265\346\261\240\346\227\240\344\272\272\346\234\272\345\233\276\345\203\217The present i"
    "nvention relates to a method and an apparatus for The present disclosure"
    " provides a system and method The invention discloses a According to an "
    "embodiment, In one embodiment,  in accordance with A system includes  A "
    "device comprising: a  comprising the steps of , and a controller configu"
    "red to  is configured to receive  based on the  at least one of the  at "
    "least a portion of  one or more of  in response to  such that the  so th"
    "at the  wherein the  in which the  each of the  from the  into the  on t"
    "he  with the  for the  of the  to the  in the  and the  is provided.  ar"
    "e provided.  are disclosed.  is disclosed.  can be  may be  has a  havin"
    "g a  including a  includes a  comprises a  is arranged  are arranged Met"
    "hods, systems, and devices for  Method for manufacturing  Method and dev"
    "ice for  Apparatus and method for  System and method for Process for pro"
    "ducing , Inc. Corporation Co., Ltd. Company Limited Technologies Univers"
    "ity Institute of Technology LLC GmbH Kabushiki KaishaA61B5/A61K31/A61K39"
    "/A61P35/B01JB29CB32BB60LB64C39/B64D47/B64U10/B64U2101/C01B32/C07DC07K16/"
    "C08LC12N15/C12QF16HF25BG01N33/G01SG05D1/G06F3/G06F17/G06N3/G06N20/G06Q10"
    "/G06T7/G06VG08G5/H01L21/H01L29/H01M4/H01M10/H01QH02J7/H04B7/H04L29/H04L6"
    "3/H04L67/H04MH04NH04W4/H04W72/Y02EY02TY10T\012\002JP\022\012US20\042\0122010-01-j\002b\020\012\012\022\002JP"
    "j\034\012\002JP\022\007\032\002B2\042\012\012\002KR\022\012US20\042\0122010-01-j\002b\020\012\012\022\002KRj\034\012\002KR\022\007\032\002B2\042\012\012\002DE\022\012US20\042\01220"
    "10-01-j\002b\020\012\012\022\002DEj\034\012\002DE\022\007\032\002B2\042\012\012\002EP\022\012US20\042\0122010-01-j\002b\020\012\012\022\002EPj\034\012\002EP\022\007\032\002B2"
    "\042\012\012\002WO\022\012US20\042\0122010-01-j\002b\020\012\012\022\002WOj\034\012\002WO\022\007\032\002B2\042\012\012\002CN\022\012US20\042\0122010-01-j\002b\020\012\012"
    "\022\002CNj\034\012\002CN\022\007\032\002B2\042\012\012\002US\022\012US20\042\0122010-01-j\002b\020\012\012\022\002USj\034\012\002US\022\007\032\002B2\042\012\042\0121998-\042\0121"
    "999-\042\0122000-\042\0122001-\042\0122002-\042\0122003-\042\0122004-\042\0122005-\042\0122006-\042\0122007-\042\0122008-\042\012200"
    "9-\042\0122010-\042\0122011-\042\0122012-\042\0122013-\042\0122014-\042\0122015-\042\0122016-\042\0122017-\042\0122018-\042\0122019-"
    "\042\0122020-\042\0122021-\042\0122022-\042\0122023-\042\0122024-\042\0122025-\032\002A1\042\01220\032\001A\042\012\032\002B1\042\0122019-\022\027\012\002US"
    "\022\010*\012\002en\022\0042\002zh\022\003\012\002enB\011G06FB\011H04LJ\011G06F3/JH01Lb\012\012j\025\012\002US\022\007";

tt_bytes
alert_archive_dictionary (unsigned number)
{
    return number == 1 ? (tt_bytes){ (const uint8_t *)words_1, sizeof words_1 - 1 } : TT_BYTES_NONE;
}
