"""The blocks of Unicode 16 that `\\p{Is…}` of a pattern names: first character, the first one behind it, name."""

from __future__ import annotations

from functools import lru_cache

BLOCKS = """
0 80 BasicLatin; 80 100 Latin-1Supplement; 100 180 LatinExtended-A; 180 250 LatinExtended-B; 250 2B0 IPAExtensions;
2B0 300 SpacingModifierLetters; 300 370 CombiningDiacriticalMarks; 370 400 Greek; 370 400 GreekandCoptic;
400 500 Cyrillic; 500 530 CyrillicSupplement; 530 590 Armenian; 590 600 Hebrew; 600 700 Arabic; 700 750 Syriac;
750 780 ArabicSupplement; 780 7C0 Thaana; 7C0 800 NKo; 800 840 Samaritan; 840 860 Mandaic; 860 870 SyriacSupplement;
870 8A0 ArabicExtended-B; 8A0 900 ArabicExtended-A; 900 980 Devanagari; 980 A00 Bengali; A00 A80 Gurmukhi;
A80 B00 Gujarati; B00 B80 Oriya; B80 C00 Tamil; C00 C80 Telugu; C80 D00 Kannada; D00 D80 Malayalam; D80 E00 Sinhala;
E00 E60 Thai; E80 EE0 Lao; F00 FE0 Tibetan; 1000 10A0 Myanmar; 10A0 1100 Georgian; 1100 1200 HangulJamo;
1200 1380 Ethiopic; 1380 13A0 EthiopicSupplement; 13A0 1400 Cherokee; 1400 1680 UnifiedCanadianAboriginalSyllabics;
1680 16A0 Ogham; 16A0 1700 Runic; 1700 1720 Tagalog; 1720 1740 Hanunoo; 1740 1760 Buhid; 1760 1780 Tagbanwa;
1780 1800 Khmer; 1800 18B0 Mongolian; 18B0 1900 UnifiedCanadianAboriginalSyllabicsExtended; 1900 1950 Limbu;
1950 1980 TaiLe; 1980 19E0 NewTaiLue; 19E0 1A00 KhmerSymbols; 1A00 1A20 Buginese; 1A20 1AB0 TaiTham;
1AB0 1AD0 CombiningDiacriticalMarksExtended; 1B00 1B80 Balinese; 1B80 1BC0 Sundanese; 1BC0 1C00 Batak;
1C00 1C50 Lepcha; 1C50 1C80 OlChiki; 1C80 1C90 CyrillicExtended-C; 1C90 1CC0 GeorgianExtended;
1CC0 1CD0 SundaneseSupplement; 1CD0 1D00 VedicExtensions; 1D00 1D80 PhoneticExtensions;
1D80 1DC0 PhoneticExtensionsSupplement; 1DC0 1E00 CombiningDiacriticalMarksSupplement;
1E00 1F00 LatinExtendedAdditional; 1F00 2000 GreekExtended; 2000 2070 GeneralPunctuation;
2070 20A0 SuperscriptsandSubscripts; 20A0 20D0 CurrencySymbols; 20D0 2100 CombiningDiacriticalMarksforSymbols;
20D0 2100 CombiningMarksforSymbols; 2100 2150 LetterlikeSymbols; 2150 2190 NumberForms; 2190 2200 Arrows;
2200 2300 MathematicalOperators; 2300 2400 MiscellaneousTechnical; 2400 2430 ControlPictures;
2440 2450 OpticalCharacterRecognition; 2460 2500 EnclosedAlphanumerics; 2500 2580 BoxDrawing;
2580 25A0 BlockElements; 25A0 2600 GeometricShapes; 2600 2700 MiscellaneousSymbols; 2700 27C0 Dingbats;
27C0 27F0 MiscellaneousMathematicalSymbols-A; 27F0 2800 SupplementalArrows-A; 2800 2900 BraillePatterns;
2900 2980 SupplementalArrows-B; 2980 2A00 MiscellaneousMathematicalSymbols-B;
2A00 2B00 SupplementalMathematicalOperators; 2B00 2C00 MiscellaneousSymbolsandArrows; 2C00 2C60 Glagolitic;
2C60 2C80 LatinExtended-C; 2C80 2D00 Coptic; 2D00 2D30 GeorgianSupplement; 2D30 2D80 Tifinagh;
2D80 2DE0 EthiopicExtended; 2DE0 2E00 CyrillicExtended-A; 2E00 2E60 SupplementalPunctuation;
2E80 2F00 CJKRadicalsSupplement; 2F00 2FE0 KangxiRadicals; 2FF0 3000 IdeographicDescriptionCharacters;
3000 3040 CJKSymbolsandPunctuation; 3040 30A0 Hiragana; 30A0 3100 Katakana; 3100 3130 Bopomofo;
3130 3190 HangulCompatibilityJamo; 3190 31A0 Kanbun; 31A0 31C0 BopomofoExtended; 31C0 31F0 CJKStrokes;
31F0 3200 KatakanaPhoneticExtensions; 3200 3300 EnclosedCJKLettersandMonths; 3300 3400 CJKCompatibility;
3400 4DC0 CJKUnifiedIdeographsExtensionA; 4DC0 4E00 YijingHexagramSymbols; 4E00 A000 CJKUnifiedIdeographs;
A000 A490 YiSyllables; A490 A4D0 YiRadicals; A4D0 A500 Lisu; A500 A630 Vai; A640 A6A0 CyrillicExtended-B;
A6A0 A700 Bamum; A700 A720 ModifierToneLetters; A720 A800 LatinExtended-D; A800 A830 SylotiNagri;
A830 A840 CommonIndicNumberForms; A840 A880 Phags-pa; A880 A8E0 Saurashtra; A8E0 A900 DevanagariExtended;
A900 A930 KayahLi; A930 A960 Rejang; A960 A980 HangulJamoExtended-A; A980 A9E0 Javanese; A9E0 AA00 MyanmarExtended-B;
AA00 AA60 Cham; AA60 AA80 MyanmarExtended-A; AA80 AAE0 TaiViet; AAE0 AB00 MeeteiMayekExtensions;
AB00 AB30 EthiopicExtended-A; AB30 AB70 LatinExtended-E; AB70 ABC0 CherokeeSupplement; ABC0 AC00 MeeteiMayek;
AC00 D7B0 HangulSyllables; D7B0 D800 HangulJamoExtended-B; E000 F900 PrivateUseArea;
F900 FAE0 CJKCompatibilityIdeographs; FB00 FB50 AlphabeticPresentationForms; FB50 FE00 ArabicPresentationForms-A;
FE00 FE10 VariationSelectors; FE10 FE20 VerticalForms; FE20 FE30 CombiningHalfMarks; FE30 FE50 CJKCompatibilityForms;
FE50 FE70 SmallFormVariants; FE70 FF00 ArabicPresentationForms-B; FF00 FFF0 HalfwidthandFullwidthForms;
FFF0 10000 Specials; 10000 10060 LinearBSyllabary; 10080 10100 LinearBIdeograms; 10100 10140 AegeanNumbers;
10140 10190 AncientGreekNumbers; 10190 101B0 AncientSymbols; 101D0 10200 PhaistosDisc; 10280 102A0 Lycian;
102A0 102E0 Carian; 102E0 10300 CopticEpactNumbers; 10300 10330 OldItalic; 10330 10350 Gothic; 10350 10380 OldPermic;
10380 103A0 Ugaritic; 103A0 103E0 OldPersian; 10400 10450 Deseret; 10450 10480 Shavian; 10480 104B0 Osmanya;
104B0 10500 Osage; 10500 10530 Elbasan; 10530 10570 CaucasianAlbanian; 10570 105C0 Vithkuqi; 105C0 10600 Todhri;
10600 10770 LinearA; 10780 107C0 LatinExtended-F; 10800 10840 CypriotSyllabary; 10840 10860 ImperialAramaic;
10860 10880 Palmyrene; 10880 108B0 Nabataean; 108E0 10900 Hatran; 10900 10920 Phoenician; 10920 10940 Lydian;
10980 109A0 MeroiticHieroglyphs; 109A0 10A00 MeroiticCursive; 10A00 10A60 Kharoshthi; 10A60 10A80 OldSouthArabian;
10A80 10AA0 OldNorthArabian; 10AC0 10B00 Manichaean; 10B00 10B40 Avestan; 10B40 10B60 InscriptionalParthian;
10B60 10B80 InscriptionalPahlavi; 10B80 10BB0 PsalterPahlavi; 10C00 10C50 OldTurkic; 10C80 10D00 OldHungarian;
10D00 10D40 HanifiRohingya; 10D40 10D90 Garay; 10E60 10E80 RumiNumeralSymbols; 10E80 10EC0 Yezidi;
10EC0 10F00 ArabicExtended-C; 10F00 10F30 OldSogdian; 10F30 10F60 Sogdian; 10F70 10F90 OldUyghur;
10FB0 10FD0 Chorasmian; 10FE0 11000 Elymaic; 11000 11080 Brahmi; 11080 110D0 Kaithi; 110D0 11100 SoraSompeng;
11100 11150 Chakma; 11150 11180 Mahajani; 11180 111E0 Sharada; 111E0 11200 SinhalaArchaicNumbers; 11200 11250 Khojki;
11280 112B0 Multani; 112B0 11300 Khudawadi; 11300 11380 Grantha; 11380 113F0 Tulu-Tigalari; 11400 11470 Newa;
11480 114E0 Tirhuta; 11580 115E0 Siddham; 11600 11660 Modi; 11660 11670 MongolianSupplement; 11680 116D0 Takri;
116D0 116F0 MyanmarExtended-C; 11700 11750 Ahom; 11800 11840 Dogra; 118A0 11900 WarangCiti; 11900 11960 DivesAkuru;
119A0 119F0 Nandinagari; 11A00 11A50 ZanabazarSquare; 11A50 11AB0 Soyombo;
11AB0 11AC0 UnifiedCanadianAboriginalSyllabicsExtended-A; 11AC0 11B00 PauCinHau; 11B00 11B10 DevanagariExtended-A;
11BC0 11C00 Sunuwar; 11C00 11C70 Bhaiksuki; 11C70 11CC0 Marchen; 11D00 11D60 MasaramGondi; 11D60 11DB0 GunjalaGondi;
11EE0 11F00 Makasar; 11F00 11F60 Kawi; 11FB0 11FC0 LisuSupplement; 11FC0 12000 TamilSupplement;
12000 123A0 Cuneiform; 12400 12480 CuneiformNumbersandPunctuation; 12480 12550 EarlyDynasticCuneiform;
12F90 13000 Cypro-Minoan; 13000 13430 EgyptianHieroglyphs; 13430 13460 EgyptianHieroglyphFormatControls;
13460 14400 EgyptianHieroglyphsExtended-A; 14400 14650 AnatolianHieroglyphs; 16100 16140 GurungKhema;
16800 16A40 BamumSupplement; 16A40 16A70 Mro; 16A70 16AD0 Tangsa; 16AD0 16B00 BassaVah; 16B00 16B90 PahawhHmong;
16D40 16D80 KiratRai; 16E40 16EA0 Medefaidrin; 16F00 16FA0 Miao; 16FE0 17000 IdeographicSymbolsandPunctuation;
17000 18800 Tangut; 18800 18B00 TangutComponents; 18B00 18D00 KhitanSmallScript; 18D00 18D10 TangutSupplement;
1AFF0 1B000 KanaExtended-B; 1B000 1B100 KanaSupplement; 1B100 1B130 KanaExtended-A; 1B130 1B170 SmallKanaExtension;
1B170 1B300 Nushu; 1BC00 1BCA0 Duployan; 1BCA0 1BCB0 ShorthandFormatControls;
1CC00 1CEC0 SymbolsforLegacyComputingSupplement; 1CF00 1CFD0 ZnamennyMusicalNotation;
1D000 1D100 ByzantineMusicalSymbols; 1D100 1D1F0 MusicalSymbols; 1D200 1D250 AncientGreekMusicalNotation;
1D2C0 1D2E0 KaktovikNumerals; 1D2E0 1D300 MayanNumerals; 1D300 1D360 TaiXuanJingSymbols;
1D360 1D380 CountingRodNumerals; 1D400 1D800 MathematicalAlphanumericSymbols; 1D800 1DAB0 SuttonSignWriting;
1DF00 1DF30 LatinExtended-G; 1E000 1E030 GlagoliticSupplement; 1E030 1E090 CyrillicExtended-D;
1E100 1E150 NyiakengPuachueHmong; 1E290 1E2B0 Toto; 1E2C0 1E300 Wancho; 1E4D0 1E500 NagMundari; 1E5D0 1E600 OlOnal;
1E7E0 1E800 EthiopicExtended-B; 1E800 1E8E0 MendeKikakui; 1E900 1E960 Adlam; 1EC70 1ECC0 IndicSiyaqNumbers;
1ED00 1ED40 OttomanSiyaqNumbers; 1EE00 1EF00 ArabicMathematicalAlphabeticSymbols; 1F000 1F030 MahjongTiles;
1F030 1F0A0 DominoTiles; 1F0A0 1F100 PlayingCards; 1F100 1F200 EnclosedAlphanumericSupplement;
1F200 1F270 EnclosedIdeographicSupplement; 1F300 1F600 MiscellaneousSymbolsandPictographs; 1F600 1F650 Emoticons;
1F650 1F680 OrnamentalDingbats; 1F680 1F700 TransportandMapSymbols; 1F700 1F780 AlchemicalSymbols;
1F780 1F800 GeometricShapesExtended; 1F800 1F8D0 SupplementalArrows-C; 1F900 1FA00 SupplementalSymbolsandPictographs;
1FA00 1FA70 ChessSymbols; 1FA70 1FB00 SymbolsandPictographsExtended-A; 1FB00 1FC00 SymbolsforLegacyComputing;
20000 2A6E0 CJKUnifiedIdeographsExtensionB; 2A700 2B740 CJKUnifiedIdeographsExtensionC;
2B740 2B820 CJKUnifiedIdeographsExtensionD; 2B820 2CEB0 CJKUnifiedIdeographsExtensionE;
2CEB0 2EBF0 CJKUnifiedIdeographsExtensionF; 2EBF0 2EE60 CJKUnifiedIdeographsExtensionI;
2F800 2FA20 CJKCompatibilityIdeographsSupplement; 30000 31350 CJKUnifiedIdeographsExtensionG;
31350 323B0 CJKUnifiedIdeographsExtensionH; E0000 E0080 Tags; E0100 E01F0 VariationSelectorsSupplement;
F0000 100000 SupplementaryPrivateUseArea-A; 100000 110000 SupplementaryPrivateUseArea-B
"""


@lru_cache(maxsize=1)
def blocks() -> dict[str, tuple[str, str]]:
    """The first and the last character of each block by its name; read when the first pattern asks for one."""
    found: dict[str, tuple[str, str]] = {}
    for row in BLOCKS.split(";"):
        start, end, name = row.split()
        found[name] = chr(int(start, 16)), chr(int(end, 16) - 1)
    return found
